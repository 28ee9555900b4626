package sqlstore

import (
	"context"
	"maps"
	"slices"

	"github.com/countersign-go/countersign/apikey"
)

// A use is how a use is written in the JSON that tells a statement of all of them: so there is one statement however many
// they are, and it is prepared once.
type use struct {
	ID string `json:"id"`
	At any    `json:"used_at"`
	IP string `json:"ip"`
}

// RecordUses keeps when keys were used last, see [apikey.UseRecorder]. It is one statement, however many they are.
func (s *APIKeys) RecordUses(ctx context.Context, uses map[string]apikey.Use) error {
	all := make([]use, 0, len(uses))
	for _, id := range slices.Sorted(maps.Keys(uses)) { // in one order, so that processes do not wait for each other
		if isKey(id) && len(id) <= maxID && uses[id].Check() == nil {
			ip, _ := uses[id].IP.MarshalText() // "" for none
			all = append(all, use{id, s.conn.store.dialect.timestamp(uses[id].At), string(ip)})
		}
	}
	if err := ctx.Err(); err != nil {
		return unavailable("record uses of API keys", err)
	}
	if len(all) == 0 {
		return nil
	}
	var e encoder
	text := e.json(all)
	if e.err != nil {
		return e.err
	}
	if _, err := s.conn.exec(ctx, s.conn.store.apiKeys.recordUses, text); err != nil {
		return unavailable("record uses of API keys", err)
	}
	return nil
}

// recordUses returns the statement that takes an array of uses.
func (d Dialect) recordUses() string {
	const (
		set   = " SET last_used_at = u.used_at, last_used_ip = u.ip"
		id    = keyTable + ".id = u.id"
		later = "(" + keyTable + ".last_used_at IS NULL OR " + keyTable + ".last_used_at < u.used_at)"
	)
	switch d {
	case PostgreSQL:
		return "UPDATE " + keyTable + set + " FROM jsonb_to_recordset(CAST(? AS jsonb)) " +
			"AS u (id text, used_at timestamptz, ip text) WHERE " + id + " AND " + later
	case MySQL:
		return "UPDATE " + keyTable + " JOIN JSON_TABLE(?, '$[*]' COLUMNS (id varchar(64) PATH '$.id', " +
			"used_at datetime(6) PATH '$.used_at', ip varchar(45) PATH '$.ip')) AS u ON " + id + set + " WHERE " + later
	}
	return "UPDATE " + keyTable + set + " FROM (SELECT json_extract(value, '$.id') AS id, " +
		"json_extract(value, '$.used_at') AS used_at, json_extract(value, '$.ip') AS ip FROM json_each(?)) AS u " +
		"WHERE " + id + " AND " + later
}
