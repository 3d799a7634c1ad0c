"""Reading pages: what to request, what the answers mean, and doing it within a page's time."""
