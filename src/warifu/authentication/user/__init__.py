"""Who is asking: judged on the terminal, or on the server."""
