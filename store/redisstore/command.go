package redisstore

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// do sends cmd, which has its answer then. Before its first command, a [redis.ClusterClient] asks the cluster for a list of
// all commands, to learn how far apart the keys in each are, and that question has five seconds whatever the deadline
// is: each call would outlive its own while a cluster hangs. Who says how far apart they are is not asked.
func (s *Store) do(ctx context.Context, cmd redis.Cmder) {
	cmd.SetStepCount(1)
	_ = s.client.Process(ctx, cmd) // cmd has the error too
}

// run runs a script by its digest, and where the server does not have it, such as after a restart, by its text.
func (s *Store) run(ctx context.Context, script *redis.Script, keys []string, args ...any) *redis.Cmd {
	return script.Run(ctx, scripter{s.client, s, false}, keys, args...)
}

// runOnce is like run, but the client does not send the script again when the answer was lost.
func (s *Store) runOnce(ctx context.Context, script *redis.Script, keys []string, args ...any) *redis.Cmd {
	return script.Run(ctx, scripter{s.client, s, true}, keys, args...)
}

// A once is a command that the client does not repeat by itself.
type once struct{ *redis.Cmd }

// NoRetry is what the client asks.
func (once) NoRetry() bool { return true }

// A scripter is a client whose scripts go through do.
type scripter struct {
	redis.Scripter
	store *Store
	once  bool
}

// Eval runs a script by its text.
func (s scripter) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return s.eval(ctx, "eval", script, keys, args)
}

// EvalSha runs a script by its digest.
func (s scripter) EvalSha(ctx context.Context, digest string, keys []string, args ...any) *redis.Cmd {
	return s.eval(ctx, "evalsha", digest, keys, args)
}

func (s scripter) eval(ctx context.Context, verb, script string, keys []string, args []any) *redis.Cmd {
	words := make([]any, 0, 3+len(keys)+len(args))
	words = append(words, verb, script, len(keys))
	for _, key := range keys {
		words = append(words, key)
	}
	cmd := redis.NewCmd(ctx, append(words, args...)...)
	cmd.SetFirstKeyPos(3)
	if s.once {
		s.store.do(ctx, once{cmd})
	} else {
		s.store.do(ctx, cmd)
	}
	return cmd
}
