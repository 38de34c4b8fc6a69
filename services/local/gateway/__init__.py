"""The local gateway: Supabase's wire over PostgreSQL, for the calls that this product makes."""
