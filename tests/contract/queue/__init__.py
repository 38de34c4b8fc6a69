"""The queue endpoint as stock boto3 sees it, beside moto as the oracle."""
