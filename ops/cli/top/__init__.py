"""`loom top`: what is going on right now?"""
