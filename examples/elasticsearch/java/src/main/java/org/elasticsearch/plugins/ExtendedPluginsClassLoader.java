package org.elasticsearch.plugins;

import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.List;

/**
 * What a plugin sees of the plugins that it extends. Elasticsearch 6 asks for this class for every plugin, also for those
 * that extend none, but the jar that has it was never published.
 */
public final class ExtendedPluginsClassLoader extends ClassLoader {
  private final List<ClassLoader> extended;

  private ExtendedPluginsClassLoader(ClassLoader parent, List<ClassLoader> extended) {
    super(parent);
    this.extended = extended;
  }

  public static ExtendedPluginsClassLoader create(ClassLoader parent, List<ClassLoader> extended) {
    return AccessController.doPrivileged(
        (PrivilegedAction<ExtendedPluginsClassLoader>) () -> new ExtendedPluginsClassLoader(parent, extended));
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    for (ClassLoader loader : extended) {
      try {
        return loader.loadClass(name);
      } catch (ClassNotFoundException absent) {
        // Perhaps the next one has it.
      }
    }
    throw new ClassNotFoundException(name);
  }
}
