"""What others would do with the same rows, served beside the site."""
