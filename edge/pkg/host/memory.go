package host

import "github.com/edgegauge/edgegauge/pkg/sysinfo"

// readMemory reads /proc/meminfo, whose numbers are kibibytes.
func (r *Reader) readMemory(doc *sysinfo.Document) error {
	fs, err := r.procfs()
	if err != nil {
		return err
	}
	info, err := fs.Meminfo()
	if err != nil {
		return err
	}
	available := info.MemAvailable
	if available == nil && info.MemFree != nil && info.Buffers != nil && info.Cached != nil {
		// Kernels before 3.14 do not estimate it; this is what free(1) said then.
		available = sysinfo.Ptr(*info.MemFree + *info.Buffers + *info.Cached)
	}
	doc.Memory = &sysinfo.Memory{
		TotalBytes:     kibibytes(info.MemTotal),
		AvailableBytes: kibibytes(available),
		SwapTotalBytes: kibibytes(info.SwapTotal),
		SwapFreeBytes:  kibibytes(info.SwapFree),
	}
	return nil
}

func kibibytes(n *uint64) *uint64 {
	if n == nil {
		return nil
	}
	return sysinfo.Ptr(*n * 1024)
}
