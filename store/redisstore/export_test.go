package redisstore

// For the tests of what is kept, and of the numbers in it.
var (
	Encode      = encode
	Decode      = decode
	Moment      = moment
	ParseMoment = parseMoment
	KeepFor     = keepFor
)

// The lengths that are taken for granted.
const (
	PlaceLen     = placeLen
	MaxSessionID = maxSessionID
	HeadLen      = 256
	Batch        = batch
)
