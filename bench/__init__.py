"""Side by side with juturna==2.1.1: `python -m bench`, see README.md."""
