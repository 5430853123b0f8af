"""`loom js`: what is in the streams, and who reads them?"""
