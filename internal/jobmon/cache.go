package jobmon

// Cache is something that follows from the log's events up to one of them, kept so that it need not be worked out
// again. The log does not know what is in it. Its owner must be able to do without: it is not there when it was
// dropped or damaged, and no answer may depend on it.
type Cache struct {
	Name    string // 1 to 64 bytes
	Version uint32 // of what Data means, given by its owner
	Seq     uint64 // it follows from the events up to this one
	Data    []byte // at most MaxCache bytes
}

// MaxCache is the most bytes that a cache can have.
const MaxCache = 512 << 20
