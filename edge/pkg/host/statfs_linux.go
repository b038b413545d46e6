package host

import "syscall"

// statfs asks the file system at path how full it is.
func statfs(path string) (usage, error) {
	var buf syscall.Statfs_t
	for {
		err := syscall.Statfs(path, &buf)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return usage{}, err
		}
		break
	}
	size := uint64(buf.Frsize)
	if size == 0 { // kernels before 2.6
		size = uint64(buf.Bsize)
	}
	return usage{
		blockBytes: size, blocks: buf.Blocks, blocksAvail: buf.Bavail,
		files: buf.Files, filesFree: buf.Ffree,
	}, nil
}
