"""What papers claim, in miniature: one experiment a file, run by `claim NAME`."""
