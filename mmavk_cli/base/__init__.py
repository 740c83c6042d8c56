"""What every stage shares: records, settings, errors, digests, files, pictures."""
