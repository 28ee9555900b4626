package redisstore_test

import (
	"testing"
	"time"

	"github.com/countersign-go/countersign/store/redisstore"
)

func TestMoments(t *testing.T) {
	zone := time.FixedZone("", -5*60*60)
	tests := []struct {
		name string
		time time.Time
		want string
	}{
		{"the zero time", time.Time{}, "000000000000000000"},
		{"before 1970", time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), "000000000000000000"},
		{"1970", time.Unix(0, 0), "000000000000000000"},
		{"1970, where it is 1969 still", time.UnixMicro(1).In(zone), "000000000000000001"},
		{"the first microsecond", time.UnixMicro(1), "000000000000000001"},
		{"what is less than a microsecond", time.Unix(0, 1999), "000000000000000001"},
		{"today, which a float prints as 1.7e+15", time.UnixMicro(1_763_742_000_000_001), "001763742000000001"},
		{"what a float takes for its neighbour", time.UnixMicro(1<<53 + 1), "009007199254740993"},
		{"the end of 9999", time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), "253402300799999999"},
		{"10000", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "999999999999999999"},
		{"more than 64 bits hold", time.Unix(1<<60, 0), "999999999999999999"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "moment", redisstore.Moment(tt.time), tt.want)
			check(t, "no later than the next", tt.want <= tests[min(i+1, len(tests)-1)].want, true)
			parsed, ok := redisstore.ParseMoment(tt.want)
			check(t, "parsed", ok, true)
			check(t, "and back", redisstore.Moment(parsed), tt.want)
		})
	}
	for _, text := range []string{"", "1", "-00000000000000001", "+00000000000000001", "00000000000000000a",
		"0000000000000000000", " 00000000000000001", "00000000000000000", "0000000000000000_1"} {
		_, ok := redisstore.ParseMoment(text)
		check(t, "accepted "+text, ok, false)
	}
}

// The server keeps what it is told for as long as it is good and a minute more, never for less than a minute.
func TestKeepFor(t *testing.T) {
	minute := time.Minute.Milliseconds()
	for name, tt := range map[string]struct {
		expires     time.Time
		least, most int64
	}{
		"an hour":   {time.Now().Add(time.Hour), 61*minute - 30_000, 61*minute + 1},
		"now":       {time.Now(), minute, minute + 1},
		"past":      {time.Now().Add(-time.Hour), minute, minute},
		"zero":      {time.Time{}, minute, minute},
		"year 9999": {time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 2e14, 2.6e14},
		"beyond":    {time.Unix(1<<60, 0), 9e14, 1.1e15},
	} {
		got := redisstore.KeepFor(tt.expires)
		check(t, name+" is long enough", got >= tt.least, true)
		check(t, name+" is no longer", got <= tt.most, true)
	}
}
