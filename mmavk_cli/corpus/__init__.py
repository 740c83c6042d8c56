"""Posts in: CoNLL with IMGID, JSON Lines, raw text → words with offsets; survey and check of a data set."""
