"""The documents of one page of each platform: `SAMPLE`, how its incident ends, and a later remark on it."""
