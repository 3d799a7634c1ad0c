"""The network: documents of pages, requests of sinks."""
