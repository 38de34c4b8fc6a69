"""The gateway's parsers and decoders."""
