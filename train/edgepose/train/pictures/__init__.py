"""What the commands draw: curves, people right and wrong, parts, crowds, and what PIL's parsing changes."""
