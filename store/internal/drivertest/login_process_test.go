package drivertest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/internal/drivertest/server"
	"github.com/countersign-go/countersign/store/redisstore"
	"github.com/countersign-go/countersign/store/sqlstore"
)

// loginStores are what a process of the tests below has of package login. Redis keeps no identities.
type loginStores struct {
	identities login.Store
	tokens     login.TokenStore
	attempts   login.AttemptStore
}

// login returns the stores of the job.
func (j *job) login() (loginStores, error) {
	if j.redis != nil {
		s, err := redisstore.New(j.redis, &redisstore.Options{Prefix: j.opts.Prefix, InsecureVolatile: true})
		if err != nil {
			return loginStores{}, err
		}
		return loginStores{tokens: s.OneTimeTokens(), attempts: s.Attempts()}, nil
	}
	s, err := sqlstore.New(j.db, j.dialect, j.opts)
	if err != nil {
		return loginStores{}, err
	}
	return loginStores{s.Identities(), s.OneTimeTokens(), s.Attempts()}, nil
}

// winners calls f from all callers of the process at once, and says how many of them it told nothing but the error that tells
// who lost.
func winners(lost error, f func() error) (string, error) {
	won := 0
	for _, err := range together(callers, func(int) error { return f() }) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, lost):
			return "", err
		}
	}
	return fmt.Sprint("winners ", won), nil
}

// eachLine has a job do f for each line that it is sent, until one is empty, and answer.
func eachLine(j *job, f func(s loginStores, line string) (string, error)) (string, error) {
	s, err := j.login()
	if err != nil {
		return "", err
	}
	for line := j.line(); line != ""; line = j.line() {
		answer, err := f(s, line)
		if err != nil {
			return "", err
		}
		j.say(answer)
	}
	return "done", nil
}

// registerJob registers as the entity that it is sent, by many callers at once.
func registerJob(j *job) (string, error) {
	return eachLine(j, func(s loginStores, entity string) (string, error) {
		return winners(login.ErrExists, func() error { return s.identities.Create(j.ctx, identity(entity)) })
	})
}

// consumeJob uses up the token with the ID that it is sent, whose text is the ID too, by many callers at once.
func consumeJob(j *job) (string, error) {
	return eachLine(j, func(s loginStores, id string) (string, error) {
		return winners(login.ErrNotFound, func() error {
			got, err := s.tokens.Consume(j.ctx, id, token.Sum(id), time.Now())
			if err == nil && got.Data.Get("for") != id {
				return fmt.Errorf("got the data %v of another token", got.Data.Get("for"))
			}
			return err
		})
	})
}

// attemptJob counts one attempt under the key that it is sent, by many callers at once, who each look before.
func attemptJob(j *job) (string, error) {
	return eachLine(j, func(s loginStores, key string) (string, error) {
		now := time.Now()
		for _, err := range together(callers, func(int) error { return countAttempt(j, s.attempts, key, now) }) {
			if err != nil {
				return "", err
			}
		}
		return fmt.Sprint("counted ", callers), nil
	})
}

func countAttempt(j *job, s login.AttemptStore, key string, now time.Time) error {
	for {
		a, err := s.Load(j.ctx, key, now)
		if err != nil {
			return err
		}
		a.Count++
		a.Expires = now.Add(time.Hour)
		if err := s.Swap(j.ctx, a, now); !errors.Is(err, login.ErrConflict) {
			return err
		}
	}
}

// race has two processes do a job for each of lines at the same moment, and returns what both answered to each.
func race(t *testing.T, job, place string, lines []string) (answers [][]string) {
	t.Helper()
	processes := startJobs(t, job, 2, place)
	for _, p := range processes {
		p.say("go")
	}
	for _, line := range lines {
		for _, p := range processes {
			p.say(line)
		}
		answers = append(answers, []string{processes[0].line(), processes[1].line()})
	}
	for _, p := range processes {
		p.say("")
		check(t, "last line of a process", p.line(), "done")
		p.end()
	}
	return answers
}

// names returns n names.
func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = token.NewID()
	}
	return all
}

// checkOneWinner says which of answers tell of none, or of several.
func checkOneWinner(t *testing.T, answers [][]string) {
	t.Helper()
	for _, both := range answers {
		all := strings.Join(both, ", ")
		check(t, all+": has one winner", all == "winners 1, winners 0" || all == "winners 0, winners 1", true)
	}
}

// Two processes with 32 callers each register as one entity at the same moment: one of all gets it, and the others leave
// nothing behind.
func TestRegistrationsOfProcesses(t *testing.T) {
	const rounds = 10
	eachBackend(t, func(t *testing.T, d *database) {
		checkOneWinner(t, race(t, "register", d.place(), names(rounds)))
		check(t, "identities and entities", fmt.Sprint(d.rows(t, "identities"), d.rows(t, "provider_identities")), fmt.Sprint(rounds, rounds))
	})
}

// TestAttackOneTimeToken uses one token up at the same moment by 64 callers of two processes, and so S028 in more than 1,000
// tries.
func TestAttackOneTimeToken(t *testing.T) {
	eachLoginStore(t, func(t *testing.T, s loginStores, place string) {
		for id, rounds := range map[string]int{"S028": 16, "L040": 1} {
			t.Run(id, func(t *testing.T) {
				all := names(rounds)
				for _, name := range all {
					data, err := auth.NewMetadata(map[string]string{"for": name})
					must(t, err)
					must(t, s.tokens.Put(t.Context(), login.OneTimeToken{
						ID: name, Digest: token.Sum(name), Data: data, Expires: time.Now().Add(time.Hour).Truncate(time.Microsecond),
					}))
				}
				checkOneWinner(t, race(t, "consume", place, all))
			})
		}
	})
}

// Of many attempts that are counted at once in two processes each is.
func TestAttemptsOfProcesses(t *testing.T) {
	eachLoginStore(t, func(t *testing.T, s loginStores, place string) {
		all := names(3)
		race(t, "attempt", place, all)
		for _, key := range all {
			a, err := s.attempts.Load(t.Context(), key, time.Now())
			must(t, err)
			check(t, "Count and Version", fmt.Sprint(a.Count, a.Version), fmt.Sprint(2*callers, 2*callers))
		}
	})
}

// eachLoginStore runs f with each database, and with Redis.
func eachLoginStore(t *testing.T, f func(t *testing.T, s loginStores, place string)) {
	eachBackend(t, func(t *testing.T, d *database) {
		f(t, loginStores{d.Identities(), d.OneTimeTokens(), d.Attempts()}, d.place())
	})
	t.Run("Redis", func(t *testing.T) {
		dsn, prefix := server.Redis(t), "t"+random()+":"
		j := &job{opts: &sqlstore.Options{Prefix: prefix}}
		must(t, j.open(redisDriver, dsn))
		t.Cleanup(func() { _ = j.close() })
		s, err := j.login()
		must(t, err)
		f(t, s, fmt.Sprintf("%s 0 %s %s", redisDriver, prefix, dsn))
	})
}
