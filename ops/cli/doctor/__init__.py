"""`loom doctor`: what is wrong with this set-up, and what would help?"""
