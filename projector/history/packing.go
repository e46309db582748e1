package history

import (
	"bytes"
	"compress/flate"
	"io"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// packedVersion distinguishes projections that were packed by Pack: it is the projector's, with a mark for the packing.
const packedVersion = projector.CheckpointVersion | 1<<31

// Pack returns a projection in few bytes, about a third of what Encode gives. Other versions of the program may pack
// the same projection into other bytes: only what Unpack makes of them can be compared.
func Pack(p *projector.Projection) []byte {
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestSpeed) // an error means a level that does not exist
	_, _ = w.Write(p.Encode())                        // a buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}

// Unpack returns the projection that was packed; ok is false when the bytes hold none of this version.
func Unpack(packed []byte) (p *projector.Projection, ok bool) {
	data, err := inflate(packed)
	if err != nil {
		return nil, false
	}
	p, err = projector.Decode(data)
	return p, err == nil
}

func inflate(packed []byte) ([]byte, error) {
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), jobmon.MaxCache))
}
