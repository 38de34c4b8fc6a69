"""The local queue: an endpoint that stock boto3 can't tell from Amazon SQS, kept in PostgreSQL."""
