package jwtx_test

import (
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/jwtx"
)

func expMissing(t *testing.T) {
	refused(t, payloads(map[string]string{"none": claims("exp", ""), "Exp": claims("exp", "", "Exp", future),
		"exp in another object": claims("exp", "", "x", `{"exp":`+future+`}`)}))
}

// noDates are values that are no time between 1970 and 9999.
var noDates = []string{"null", "true", "[]", "{}", `"9999999999"`, `"4102444800"`, `""`, "[4102444800]", `{"exp":1}`, "0", "-0",
	"0.0", "-1", "-4102444800", "1e19", "1e300", "1e308", "1e400", "-1e400", "9.2e18",
	"9223372036854775807", "9223372036854775808", "18446744073709551616", "253402300800", "1e-400", "99999999999999999999999999999999"}

// dated makes payloads in which a claim is no date.
func dated(name string) map[string]string {
	all := map[string]string{}
	for _, value := range noDates {
		all[name+" "+value] = claims(name, value)
	}
	return all
}

func expType(t *testing.T) { refused(t, payloads(dated("exp"))) }

func nbfType(t *testing.T) { refused(t, payloads(dated("nbf"))) }

// A moment is a token with a time some way from now.
type moment struct {
	name, claim string
	from        time.Duration // from now
	leeway      time.Duration
	want        outcome
}

func check(t *testing.T, moments []moment) {
	for _, m := range moments {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(123 * time.Millisecond) // so that now is no whole second
			at := time.Now().Add(m.from)
			token := hs256(claims("iat", "1", "exp", future, m.claim, seconds(at)))
			v := verifierWith(func(c *jwtx.Config) { c.Leeway = m.leeway })
			checkVisit(t, fmt.Sprintf("%s, leeway %v", m.name, m.leeway), token, knock(v, token), m.want)
		})
	}
}

// seconds returns a NumericDate as precise as a millisecond.
func seconds(at time.Time) string {
	return strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)
}

func nbfAhead(t *testing.T) { check(t, ahead("nbf")) }

// iatAhead also has dates that are none.
func iatAhead(t *testing.T) {
	check(t, ahead("iat"))
	refused(t, payloads(dated("iat")))
}

func ahead(claim string) []moment {
	return []moment{
		{claim + " now", claim, 0, 0, passes},
		{claim + " past", claim, -time.Hour, 0, passes},
		{claim + " ahead by little", claim, time.Millisecond, 0, invalidToken},
		{claim + " ahead", claim, time.Hour, 0, invalidToken},
		{claim + " inside leeway", claim, 59 * time.Second, time.Minute, passes},
		{claim + " at the end of leeway", claim, time.Minute, time.Minute, passes},
		{claim + " beyond leeway by little", claim, time.Minute + time.Millisecond, time.Minute, invalidToken},
		{claim + " beyond leeway", claim, time.Hour, time.Minute, invalidToken},
		{claim + " beyond the most leeway", claim, 11 * time.Minute, 10 * time.Minute, invalidToken},
	}
}

func expPassed(t *testing.T) {
	check(t, []moment{
		{"exp now", "exp", 0, 0, invalidToken},
		{"exp ahead by little", "exp", time.Millisecond, 0, passes},
		{"exp passed by little", "exp", -time.Millisecond, 0, invalidToken},
		{"exp passed", "exp", -time.Hour, 0, invalidToken},
		{"exp inside leeway", "exp", -59 * time.Second, time.Minute, passes},
		{"exp at the end of leeway", "exp", -time.Minute, time.Minute, invalidToken},
		{"exp beyond leeway", "exp", -61 * time.Second, time.Minute, invalidToken},
		{"exp beyond the most leeway", "exp", -11 * time.Minute, 10 * time.Minute, invalidToken},
	})
}

// A token that was accepted is refused when its time has come, by the same verifier.
func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := verifierWith()
		token := hs256(claims("iat", "1", "exp", seconds(time.Now().Add(time.Minute))))
		checkVisit(t, "at first", token, knock(v, token), passes)
		time.Sleep(time.Minute - time.Nanosecond)
		checkVisit(t, "at last", token, knock(v, token), passes)
		time.Sleep(time.Nanosecond)
		checkVisit(t, "a nanosecond later", token, knock(v, token), invalidToken)
	})
}
