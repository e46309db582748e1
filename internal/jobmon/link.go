package jobmon

// Link is a batch with its place in the chain of a log: what a copy of the log needs to append it as it was.
type Link struct {
	Batch
	After    uint64 // the event before it in its log, 0 for none: numbers between the two were skipped
	Previous uint32 // checksum of the frame before it; 0 where it is not known
	Sum      uint32 // checksum of its own frame; 0 where it is not known

	// Seam says that parts of the log were joined before it that did not follow one another: Previous is not the
	// checksum of what stands there. Lost is how many numbers before it are missing.
	Seam bool
	Lost uint64
}
