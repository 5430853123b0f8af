"""Files that strangers have made, opened and taken apart. To be run in a sandbox."""
