"""Files that become recordings."""
