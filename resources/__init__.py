"""Files that ship with the program; the code here gives paths only."""
