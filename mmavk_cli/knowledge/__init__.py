"""Text written about pictures: recipes, the store, importing, and what writes the text."""
