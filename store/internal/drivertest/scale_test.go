package drivertest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
)

const (
	perActor = 10 // sessions, and keys
	expired  = 10 // one of so many has expired long ago
	reads    = 1_000
)

// BenchmarkScale fills each backend with more and more records and prints what that does to reads, lists, sweeps and space.
// Run it once: go test -run '^$' -bench Scale -benchtime 1x -timeout 1h. With -short it stops at 10,000.
func BenchmarkScale(b *testing.B) {
	sizes := []int{1_000, 100_000, 1_000_000}
	if testing.Short() {
		sizes = []int{1_000, 10_000}
	}
	for _, kind := range []struct {
		name string
		open func(b *testing.B) func() *warehouse // which opens another one on the same server
	}{
		{"memory", func(b *testing.B) func() *warehouse { return func() *warehouse { return openMemory(b) } }},
		{"PostgreSQL", func(b *testing.B) func() *warehouse {
			return func() *warehouse { return openSQL(b, migrated(b, postgres)) }
		}},
		{"MariaDB", openMariaDB},
		{"SQLite", openSQLite},
		{"Redis", openRedis},
	} {
		b.Run(kind.name, func(b *testing.B) {
			for range b.N {
				open := kind.open(b)
				small, large := open(), open()
				small.fill(b, sizes[0])
				var table strings.Builder
				for _, size := range sizes {
					large.fill(b, size)
					measure(b, &table, kind.name, small, large)
				}
				b.Log("\n" + heading + table.String())
			}
		})
	}
}

const heading = "                             records  read, median  to 1,000  list of 10  to 1,000  bytes each     sweep of 1/10  longest read\n"

// measure writes a row for each shelf. Reads of both warehouses take turns, so that what else happens on the machine meets
// both alike.
func measure(b *testing.B, table *strings.Builder, name string, small, large *warehouse) {
	for i, l := range large.shelves {
		s := small.shelves[i]
		read := alternate(b, reads, func(ctx context.Context, which int) error {
			from := []*shelf{s, l}[which]
			return from.get(ctx, from.ids[rand.IntN(len(from.ids))])
		})
		list := alternate(b, reads/4, func(ctx context.Context, which int) error {
			from := []*shelf{s, l}[which]
			n, err := from.list(ctx, from.owners[rand.IntN(len(from.owners))])
			if err == nil && n != perActor {
				err = fmt.Errorf("a list of %d, want %d", n, perActor)
			}
			return err
		})
		each := l.taken / int64(len(l.ids))
		fmt.Fprintf(table, "%-12s %-10s %11d  %12v  %8.2f  %10v  %8.2f  %10d", name, l.kind, len(l.ids),
			read[1].Round(time.Microsecond/10), ratio(read), list[1].Round(time.Microsecond/10), ratio(list), each)
		if large.sweep == nil {
			fmt.Fprintf(table, "  %16s\n", "goes by itself")
			continue
		}
		took, swept, longest := large.sweepWhileReading(b, l)
		fmt.Fprintf(table, "  %7d in %5.2fs  %12v\n", swept, took.Seconds(), longest.Round(time.Microsecond/10))
	}
}

func ratio(medians [2]time.Duration) float64 { return float64(medians[1]) / float64(medians[0]) }

// alternate calls f for one and the other in turns, and returns how long each took, as a median.
func alternate(b *testing.B, n int, f func(ctx context.Context, which int) error) (medians [2]time.Duration) {
	var took [2][]time.Duration
	for i := range 2 * n {
		start := time.Now()
		if err := f(b.Context(), i%2); err != nil {
			b.Fatal(err)
		}
		took[i%2] = append(took[i%2], time.Since(start))
	}
	for i := range took {
		slices.Sort(took[i])
		medians[i] = took[i][n/2]
	}
	return medians
}

// sweepWhileReading adds one tenth of records that have expired and sweeps them, while somebody reads.
func (w *warehouse) sweepWhileReading(b *testing.B, s *shelf) (took time.Duration, swept int, longest time.Duration) {
	stale := *s
	stale.ids, stale.owners = nil, nil
	stale.make = func(owner auth.Actor, _ time.Time) (string, func(create) error) {
		return s.make(owner, time.Now().Add(-s.gone).UTC().Truncate(time.Microsecond))
	}
	w.fillShelf(b, &stale, len(s.ids)/expired)
	stop := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			start := time.Now()
			if err := s.get(b.Context(), s.ids[rand.IntN(len(s.ids))]); err != nil {
				b.Error(err)
				return
			}
			longest = max(longest, time.Since(start))
		}
	})
	start := time.Now()
	swept, err := w.sweep(b.Context())
	took = time.Since(start)
	close(stop)
	reader.Wait()
	if err != nil || swept != len(s.ids)/expired {
		b.Errorf("Sweep removed %d, %v; want %d", swept, err, len(s.ids)/expired)
	}
	return took, swept, longest
}
