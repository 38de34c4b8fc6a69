"""The console without its looks: sync, store, models and acts."""
