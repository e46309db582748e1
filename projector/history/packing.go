package history

import (
	"bytes"
	"compress/flate"
	"io"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// packedVersion distinguishes projections that were packed by pack: it is the projector's, with a mark for the packing.
const packedVersion = projector.CheckpointVersion | 1<<31

// pack returns a projection in few bytes, about a third of what Encode gives. Other versions of the program may pack
// the same projection into other bytes: only what unpack makes of them can be compared.
func pack(p *projector.Projection) []byte {
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestSpeed) // an error means a level that does not exist
	_, _ = w.Write(p.Encode())                        // a buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}

// unpack is the projection that a program of the same version kept; ok is false when it is of no use.
func unpack(c *jobmon.Cache) (p *projector.Projection, ok bool) {
	if c.Version != packedVersion {
		return nil, false
	}
	data, err := inflate(c.Data)
	if err != nil {
		return nil, false
	}
	p, err = projector.Decode(data)
	return p, err == nil && p.Seq() == c.Seq
}

func inflate(packed []byte) ([]byte, error) {
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), jobmon.MaxCache))
}
