"""What several commands stand on."""
