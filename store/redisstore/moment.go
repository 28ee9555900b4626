package redisstore

import (
	"fmt"
	"strconv"
	"time"
)

// margin is for how long the server keeps what has expired by the clock of who wrote it. Clocks differ, so another may
// still find it good; whoever reads it compares with a clock of its own. It also bounds how long a record stays that had
// expired when it was created.
const margin = time.Minute

// momentLen is the length of every moment: enough for the year 9999.
const momentLen = 18

// lastMoment has no later one. It is far after the year 9999, and counts as never.
const lastMoment = 999_999_999_999_999_999

// moment returns the microseconds since 1970 as text that sorts like the times. Scripts compare nothing but the text: a
// number in Lua is a floating-point one, which does not tell microseconds apart after the year 2255. What is before 1970,
// such as the zero time, is 0.
func moment(t time.Time) string {
	micros := t.UnixMicro()
	switch year := t.UTC().Year(); {
	case year < 1970:
		micros = 0
	case year > 9999:
		micros = lastMoment
	}
	return fmt.Sprintf("%0*d", momentLen, micros)
}

// parseMoment returns the time that text stands for, and whether it does.
func parseMoment(text string) (time.Time, bool) {
	if len(text) != momentLen || !isDigits(text) {
		return time.Time{}, false
	}
	micros, err := strconv.ParseInt(text, 10, 64)
	return time.UnixMicro(micros).UTC(), err == nil
}

func isDigits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// keepFor returns for how many milliseconds the server keeps what expires at the time. It is relative to the clock of this
// process, by which the time was made, and so as long as it should be however wrong this clock or the server's is. A time
// that others hand over as the present has no part in it.
func keepFor(expires time.Time) int64 {
	if expires.Year() > 9999 {
		expires = time.UnixMicro(lastMoment)
	}
	left := expires.UnixMilli() - time.Now().UnixMilli() + 1
	return max(left, 0) + margin.Milliseconds()
}
