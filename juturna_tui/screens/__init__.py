"""What lies over the workbench for a while: each is given values, posts messages, is dismissed with an answer."""
