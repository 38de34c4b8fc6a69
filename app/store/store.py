"""The facts that the console holds, by table and key; only sync writes them."""
