"""Made-up posts and picture words, from word lists of our own, that teach a tagger to look at the picture."""
