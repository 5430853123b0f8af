"""The `recording` service: may it start, pause, stop; what is its state?"""
