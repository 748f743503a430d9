// Rooms, codes and secrets are what links and connections are made of: whoever imports this module sees them.
@_exported public import Pairing
