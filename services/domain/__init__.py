"""The words that every room shares: records, statuses, rules, keys, errors."""
