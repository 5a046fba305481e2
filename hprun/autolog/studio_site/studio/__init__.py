"""What scripts written for Studio import: `fs_tracker`; where Studio is installed, the rest too."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
