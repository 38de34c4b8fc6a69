"""What the console needs from the outside: small Protocols, one ability each.

`facts` only reads, `wishes` changes something. Real ones are in `services.clients`, fakes in
`tests.fakes`; one contract suite runs on both. All methods may raise the errors of
`services.domain.errors` and nothing else.
"""
