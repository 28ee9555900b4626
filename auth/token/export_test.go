package token

// Encode returns the token of an id and a secret, which New draws at random.
func (c Codec) Encode(id string, secret [secretBytes]byte) Secret { return c.encode(id, secret) }
