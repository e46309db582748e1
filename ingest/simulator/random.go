package simulator

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// stream is the source of chance for one purpose and one thing. Each has its own, so that a draw never depends on
// what else was drawn before it.
func (ds *DS) stream(purpose string, id int64, run int) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(id)))
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(run)))
	return rand.New(rand.NewPCG(ds.seed, h.Sum64()))
}

// between draws a duration from low to high, to the millisecond; low when there is nothing between them.
func (ds *DS) between(purpose string, id int64, run int, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(ds.stream(purpose, id, run).Int64N(int64(high-low)+1)).Truncate(time.Millisecond)
}
