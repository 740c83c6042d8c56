"""Knowledge of posts: read from the store, checked against the model, weighted."""
