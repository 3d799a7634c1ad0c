"""Judges that are not ours: libraries, schemas and programs of others, on what we send and write."""
