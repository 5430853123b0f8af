"""Where do we stand against the floor? One module a figure."""
