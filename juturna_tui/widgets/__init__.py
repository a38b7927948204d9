"""What the screens are made of; each is given immutable values and posts messages."""
