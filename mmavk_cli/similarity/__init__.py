"""How related a post and what is said about its picture are, and what that makes the knowledge count."""
