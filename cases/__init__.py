"""What happened on the ground, and how well it was answered."""
