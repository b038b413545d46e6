package host

import "regexp"

// The exclusions that a zero Options means. They are written in the manner of
// node_exporter's collector flags and leave out what is not a device of the
// node's own: the mounts of containers (a disk mounted for all of them stays),
// images that are always full, memory pretending to be a disk, and a
// container's end of a cable.
const (
	DefaultMountpointsExclude = `^/(?:dev|proc|sys|run/(?:containerd|credentials|docker|k3s|netns|user))(?:$|/)` +
		`|^/etc/(?:hosts|hostname|resolv\.conf)$` +
		`|/io\.containerd\.[^/]+/.|/containerd/tmpmounts/.` +
		`|/(?:kubelet|edged)/(?:pods|plugins)/.` +
		`|/docker/(?:\d+\.\d+/)?(?:aufs|btrfs|buildkit|containers|devicemapper|fuse-overlayfs|netns|overlay2?|plugins|rootfs|vfs|volumes|zfs)/.` +
		`|/containers/storage/(?:aufs|btrfs|devicemapper|overlay|vfs|volumes|zfs)(?:-containers)?/.`
	DefaultFSTypesExclude = `^(?:aufs|autofs|bdev|binder|binfmt_misc|bpf|cgroup2?|configfs|cpuset|cramfs|debugfs|devfs|devpts|devtmpfs|ecryptfs|efivarfs|erofs|functionfs` +
		`|fuse\.(?:fuse-overlayfs|gvfsd-fuse|lxcfs|portal|snapfuse|squashfuse(?:_ll)?)|fusectl|hugetlbfs|iso9660|mqueue|nfsd|nsfs|overlay|overlayfs|proc|procfs|pstore|ramfs|resctrl|romfs|rootfs` +
		`|rpc_pipefs|securityfs|selinuxfs|smackfs|squashfs|sysfs|tmpfs|tracefs|udf|unionfs)$`
	DefaultDisksExclude    = `^(?:(?:z?ram|loop|fd|sr)\d+|mmcblk\d+(?:boot\d+|rpmb|gp\d+))$`
	DefaultNetworksExclude = `^(?:lo|(?:veth|cali|cilium|nodelocaldns|dummy|ifb|kube-ipvs|edgemesh|ve-|vb-|azv|tap\d+_kata).*|lxc(?:[0-9a-f]+|_health)|(?:eni|gke)[0-9a-f]{11})$`
)

// nothing is the expression that leaves out nothing.
const nothing = `^$`

// defaultTypes are the types that are no store of their own, save at /: there
// they are all that a node with a read-only root has. So the root is left out
// only for a type that is a store.
var defaultTypes = regexp.MustCompile(DefaultFSTypesExclude)
