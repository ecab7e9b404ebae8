"""One file for each kind of screen."""
