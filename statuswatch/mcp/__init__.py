"""The Model Context Protocol: read-only tools for agents. The SDK is an extra, and imported by `server` alone."""
